"""The profiles a station holds, and the requests that change them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from iso15118.ocpp.profile_reader import ProfileRejected, read_profile, read_update
from iso15118.ocpp.profiles import Period, Profile, Target, Transaction, effective_target

__all__ = ["EXTERNAL_PROFILE_ID", "MAX_PROFILES", "ProfileStore"]

MAX_PROFILES = 64
"""Profiles kept at most (project limit)."""
EXTERNAL_PROFILE_ID = -1
"""Id of the profile that holds an external system's limits; a back end counts from 1."""


class ProfileStore:
    """All profiles of a station. Times are seconds since 1970."""

    def __init__(self, evse_ids: Iterable[int]) -> None:
        self._evse_ids = frozenset(evse_ids)
        self._profiles: dict[int, Profile] = {}
        self._changes: Counter[int] = Counter()
        """How often profiles of an outlet changed; 0 for those of the whole station."""

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return tuple(self._profiles.values())

    def put(self, request: Mapping[str, Any], time_s: float, transactions: Mapping[str, Transaction]) -> Profile:
        """Take the profile of a SetChargingProfile; one with the same id is replaced.

        Raises:
            ProfileRejected: see :func:`~iso15118.ocpp.profile_reader.read_profile`; or another profile stands there.
        """
        if request["chargingProfile"]["chargingProfilePurpose"] == "ChargingStationExternalConstraints":
            raise ProfileRejected("InvalidProfile", "ChargingStationExternalConstraints come from an external system")
        if request["chargingProfile"]["id"] <= EXTERNAL_PROFILE_ID:
            raise ProfileRejected("InvalidProfileId", "a negative id belongs to an external system")
        profile = read_profile(
            request["evseId"],
            request["chargingProfile"],
            time_s,
            evse_ids=self._evse_ids,
            transactions=transactions,
        )
        for other in self._profiles.values():
            if other.profile_id != profile.profile_id and _place(other) == _place(profile) and _overlap(other, profile):
                raise ProfileRejected("DuplicateProfile", f"profile {other.profile_id} has the same place")
        if profile.profile_id not in self._profiles and len(self._profiles) >= MAX_PROFILES:
            raise ProfileRejected("InvalidProfile", f"there are {MAX_PROFILES} profiles already")
        replaced = self._profiles.get(profile.profile_id)
        if replaced is not None and replaced.evse_id != profile.evse_id:
            self._changes[replaced.evse_id] += 1
        self._profiles[profile.profile_id] = profile
        self._changes[profile.evse_id] += 1
        return profile

    def revision(self, evse_id: int) -> int:
        """Changes whenever a profile that is for this outlet, or for the whole station, comes, changes or goes.

        Those of other outlets do not count: a session is not to be interrupted for them.
        """
        return self._changes[evse_id] + self._changes[0]

    def update(self, request: Mapping[str, Any], time_s: float, transactions: Mapping[str, Transaction]) -> Profile:
        """Follow an UpdateDynamicSchedule.

        Raises:
            ProfileRejected: there is no such profile, it is not Dynamic, or the update breaks a rule.
        """
        profile = self._profiles.get(request["chargingProfileId"])
        if profile is None or profile.profile_id == EXTERNAL_PROFILE_ID:
            raise ProfileRejected("InvalidProfile", f"no profile {request['chargingProfileId']}")
        transaction = transactions.get(profile.transaction_id or "")
        profile = read_update(profile, request["scheduleUpdate"], time_s, transaction)
        self._profiles[profile.profile_id] = profile
        self._changes[profile.evse_id] += 1
        return profile

    def clear(self, request: Mapping[str, Any]) -> bool:
        """Follow a ClearChargingProfile; False when nothing matches."""
        wanted_id, criteria = request.get("chargingProfileId"), request.get("chargingProfileCriteria", {})
        doomed = [
            profile.profile_id
            for profile in self._profiles.values()
            if profile.profile_id != EXTERNAL_PROFILE_ID
            and wanted_id in {None, profile.profile_id}
            and criteria.get("evseId") in {None, profile.evse_id}
            and criteria.get("chargingProfilePurpose") in {None, profile.purpose}
            and criteria.get("stackLevel") in {None, profile.stack_level}
        ]
        for profile_id in doomed:
            self._changes[self._profiles.pop(profile_id).evse_id] += 1
        return bool(doomed)

    def set_external_limits(self, limit_w: float | None, discharge_limit_w: float | None, time_s: float) -> None:
        """Limits for the whole station from an external system (an energy manager); both None: none any more.

        Both are magnitudes in W.
        """
        self._profiles.pop(EXTERNAL_PROFILE_ID, None)
        self._changes[0] += 1
        if limit_w is None and discharge_limit_w is None:
            return
        period = Period(start_s=0.0, mode="ExternalLimits", limit_w=limit_w, discharge_limit_w=discharge_limit_w)
        self._profiles[EXTERNAL_PROFILE_ID] = Profile(
            profile_id=EXTERNAL_PROFILE_ID,
            evse_id=0,
            stack_level=0,
            purpose="ChargingStationExternalConstraints",
            kind="Dynamic",
            schedule_id=EXTERNAL_PROFILE_ID,
            periods=(period,),
            updated_s=time_s,
        )

    def restore(self, profiles: Iterable[Profile]) -> None:
        """Take profiles that were held before a restart."""
        for profile in profiles:
            self._profiles[profile.profile_id] = profile
            self._changes[profile.evse_id] += 1

    def end_transaction(self, transaction_id: str) -> None:
        """Forget the profiles of a transaction that is over."""
        self._profiles = {i: p for i, p in self._profiles.items() if p.transaction_id != transaction_id}

    def back_online(self, offline_since_s: float, time_s: float) -> None:
        """Q12: what became invalid offline and is to stay so is forgotten."""
        for profile in self.profiles:
            end = profile.offline_end_s(offline_since_s)
            if profile.invalid_after_offline and end is not None and time_s >= end:
                del self._profiles[profile.profile_id]
                self._changes[profile.evse_id] += 1

    def target(
        self,
        time_s: float,
        *,
        evse_id: int,
        transaction: Transaction | None,
        offline_since_s: float | None,
        sharing: int = 1,
    ) -> Target:
        """:func:`~iso15118.ocpp.profiles.effective_target` of what is held."""
        return effective_target(
            self._profiles.values(),
            time_s,
            evse_id=evse_id,
            transaction=transaction,
            offline_since_s=offline_since_s,
            sharing=sharing,
        )


def _place(profile: Profile) -> tuple[object, ...]:
    return profile.evse_id, profile.stack_level, profile.purpose, profile.transaction_id


def _overlap(one: Profile, other: Profile) -> bool:
    infinity = float("inf")
    start = max(one.valid_from_s or 0.0, other.valid_from_s or 0.0)
    ends = [p.valid_to_s if p.valid_to_s is not None else infinity for p in (one, other)]
    return start < min(ends)
