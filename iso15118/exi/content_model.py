"""A content model as an automaton of positions (Glushkov): which elements may begin, follow each other, and end.

The schemas' models are unambiguous (XML Schema requires it), so in each state a name stands for one position.
"""

from __future__ import annotations

from typing import NamedTuple

from iso15118.errors import LocalError
from iso15118.messages.model import AnyElement, Group, Part

__all__ = ["Automaton", "automaton_of"]


class Automaton(NamedTuple):
    """Positions are numbered in the order of the model."""

    positions: tuple[Part | AnyElement, ...]
    first: set[int]
    last: set[int]
    follow: list[set[int]]
    """Position -> what may come next."""
    nullable: bool
    """Nothing at all is content too."""


class _Piece(NamedTuple):
    first: set[int]
    last: set[int]
    nullable: bool


def automaton_of(group: Group) -> Automaton:
    """The automaton of a content model.

    Raises:
        LocalError: The model has bounds other than 0, 1 and unbounded.
    """
    positions: list[Part | AnyElement] = []
    follow: list[set[int]] = []
    piece = _piece(group, positions, follow)
    return Automaton(tuple(positions), piece.first, piece.last, follow, piece.nullable)


def _piece(particle: Part | AnyElement | Group, positions: list[Part | AnyElement], follow: list[set[int]]) -> _Piece:
    most = 1 if isinstance(particle, Part) else particle.most
    if particle.least not in {0, 1} or most not in {1, None}:
        raise LocalError(f"a content model with bounds {particle.least}..{most}")
    if isinstance(particle, Group):
        pieces = [_piece(each, positions, follow) for each in particle.particles]
        piece = _alternatives(pieces) if particle.alternatives else _sequence(pieces, follow)
    else:
        place = {len(positions)}
        positions.append(particle)
        follow.append(set())
        piece = _Piece(place, place, nullable=False)
    if most is None:
        for each in piece.last:
            follow[each] |= piece.first
    return piece._replace(nullable=piece.nullable or particle.least == 0)


def _alternatives(pieces: list[_Piece]) -> _Piece:
    return _Piece(
        set().union(*(piece.first for piece in pieces)),
        set().union(*(piece.last for piece in pieces)),
        any(piece.nullable for piece in pieces),
    )


def _sequence(pieces: list[_Piece], follow: list[set[int]]) -> _Piece:
    first: set[int] = set()
    last: set[int] = set()
    nullable = True
    for piece in pieces:
        for each in last:
            follow[each] |= piece.first
        if nullable:
            first = first | piece.first
        last = last | piece.last if piece.nullable else piece.last
        nullable = nullable and piece.nullable
    return _Piece(first, last, nullable)
