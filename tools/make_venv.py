"""Make a virtual environment with pip in it, on a machine with only ``python3``.

    python3 tools/make_venv.py .venv

Plain Debian ships ``python3`` without ensurepip, and ``python3 -m venv`` fails there. Then the environment is made
without pip, pip's wheel is fetched from the package index that pip is configured for, checked against the hash the index
gives, and installs itself. Standard library only; every Python from 3.11.

Environments that already work are left as they are.
"""

from __future__ import annotations

import configparser
import hashlib
import html.parser
import os
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

DEFAULT_INDEX = "https://pypi.org/simple"
OLDEST_PYTHON = (3, 11)
MAX_BYTES = 32 << 20
"""Most that is read from an index, page or wheel; pip's wheel has about 2 MiB."""
TIMEOUT_S = 60.0

HELP = """\
could not make a virtual environment: {reason}

One of these helps:
  - install what `python3 -m venv` needs:  apt-get install python3-venv   (Debian, Ubuntu)
  - tell where packages come from:         PIP_INDEX_URL=https://.../simple make ...
  - make one by other means, with pip in it:  uv venv --seed {target}
"""


class Failure(Exception):
    """One way led nowhere; the text says why."""


def main(argv: list[str]) -> int:
    """Make the environment named by the one argument; returns the exit status."""
    if len(argv) != 1 or argv[0].startswith("-"):
        print("usage: python3 tools/make_venv.py DIRECTORY", file=sys.stderr)
        return 2
    target = Path(argv[0])
    if sys.version_info < OLDEST_PYTHON:
        print(
            f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed, {sys.executable} is {sys.version.split()[0]}"
        )
        print("another one can be named: make PYTHON=python3.13 ...")
        return 1
    try:
        make(target)
    except Failure as failure:
        print(HELP.format(reason=failure, target=target), file=sys.stderr)
        return 1
    return 0


def make(target: Path) -> None:
    """An environment at ``target`` whose Python has pip.

    Raises:
        Failure: Neither way worked.
    """
    python = target / "bin" / "python"
    if python.exists() and _quiet([str(python), "-m", "pip", "--version"]) is None:
        return
    first = _quiet([sys.executable, "-m", "venv", "--clear", str(target)])
    if first is None:
        return
    print("python3 -m venv has no ensurepip here: fetching pip from the package index", flush=True)
    second = _quiet([sys.executable, "-m", "venv", "--clear", "--without-pip", str(target)])
    if second is not None:
        raise Failure(f"python3 -m venv failed, without pip too:\n{second}")
    with tempfile.TemporaryDirectory() as folder:
        wheel = fetch_pip(Path(folder))
        # A wheel is a zip file, and a zip file on the path is importable: pip installs itself.
        third = _quiet([str(python), str(wheel / "pip"), "install", "--no-deps", "--no-index", str(wheel)])
    if third is not None:
        raise Failure(f"pip could not install itself:\n{third}")


def _quiet(command: list[str]) -> str | None:
    """Run ``command``; None when it succeeds, else the end of what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return None if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-8:])


def fetch_pip(folder: Path) -> Path:
    """Download the newest pip wheel that runs here into ``folder``.

    Raises:
        Failure: No index has one, or what came is not what the index announced.
    """
    settings = pip_settings(os.environ)
    indexes = [settings.get("index-url", DEFAULT_INDEX), *settings.get("extra-index-url", "").split()]
    context = ssl.create_default_context(cafile=settings.get("cert"))
    refusals = []
    for index in indexes:
        page = f"{index.rstrip('/')}/pip/"
        try:
            link = newest_wheel(_read(page, context).decode("utf-8", "replace"), page)
            data = _read(link.url, context)
        except (OSError, ValueError, Failure) as error:
            refusals.append(f"{_without_password(page)}: {error}")
            continue
        link.check(data)
        wheel = folder / link.filename
        wheel.write_bytes(data)
        return wheel
    raise Failure("no pip to be had\n  " + "\n  ".join(refusals))


def _read(url: str, context: ssl.SSLContext) -> bytes:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        path = Path(urllib.request.url2pathname(parts.path))
        return (path / "index.html" if path.is_dir() else path).read_bytes()
    if parts.scheme not in {"http", "https"}:
        raise Failure(f"an index is reached by https, http or file, not {parts.scheme or 'nothing'}")
    # Without the Accept header an index may answer in JSON, the newer form of the same page.
    request = urllib.request.Request(_without_password(url), headers={"Accept": "text/html"})
    if parts.username is not None:
        import base64

        secret = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(secret.encode()).decode())
    with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as response:
        data: bytes = response.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Failure(f"more than {MAX_BYTES} bytes")
    return data


def _without_password(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Link:
    """One file of the index page."""

    def __init__(self, url: str, requires_python: str) -> None:
        self.url, _, self.fragment = url.partition("#")
        self.requires_python = requires_python
        self.filename = urllib.parse.unquote(urllib.parse.urlsplit(self.url).path.rpartition("/")[2])
        match = re.fullmatch(r"pip-(\d+(?:\.\d+)*)-py[23.py]*-none-any\.whl", self.filename)
        self.version = tuple(int(number) for number in match[1].split(".")) if match else ()
        """Empty for what is no final release's wheel."""

    def runs_here(self) -> bool:
        """Whether every clause of requires-python holds for this interpreter."""
        return all(_holds(clause.strip()) for clause in self.requires_python.split(",") if clause.strip())

    def check(self, data: bytes) -> None:
        """Compare with the hash in the link.

        Raises:
            Failure: It differs, or the index gives none: what is run as root on a build machine must be what was meant.
        """
        name, _, expected = self.fragment.partition("=")
        if name not in {"sha256", "sha384", "sha512"}:
            raise Failure(f"the index gives no SHA-2 hash for {self.filename}")
        actual = hashlib.new(name, data).hexdigest()
        if actual != expected.lower():
            raise Failure(f"{self.filename} has {name} {actual}, the index says {expected}")


def newest_wheel(page: str, base: str) -> Link:
    """The wheel of the highest final release on an index page that runs on this interpreter.

    Raises:
        Failure: There is none.
    """
    parser = _Links(base)
    parser.feed(page)
    fitting = [link for link in parser.links if link.version and link.runs_here()]
    if not fitting:
        raise Failure("the page lists no wheel of pip that runs on this Python")
    return max(fitting, key=lambda link: link.version)


class _Links(html.parser.HTMLParser):
    """The anchors of a simple index page (PEP 503), yanked files left out."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        href = found.get("href")
        if tag == "a" and href and "data-yanked" not in found:
            self.links.append(Link(urllib.parse.urljoin(self.base, href), found.get("data-requires-python") or ""))


def _holds(clause: str) -> bool:
    match = re.fullmatch(r"(>=|<=|!=|==|>|<|~=)\s*([\d.]+?)(\.\*)?", clause)
    if match is None:
        return False
    operator, text, wildcard = match[1], match[2], match[3]
    wanted = tuple(int(number) for number in text.split("."))
    have = tuple(sys.version_info[:3])
    short = have[: len(wanted)]
    if operator in {"==", "!="}:
        return (short == wanted if wildcard else have == (*wanted, 0, 0)[:3]) == (operator == "==")
    if operator == "~=":
        return have >= wanted and short[:-1] == wanted[:-1]
    padded = (*wanted, 0, 0)[:3]
    return {">=": have >= padded, "<=": have <= padded, ">": have > padded, "<": have < padded}[operator]


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """What pip would use: its configuration files in their order, then ``PIP_`` variables, the later one winning."""
    settings: dict[str, str] = {}
    for path in _configuration_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue  # pip will complain about it in its own words
        for section in ("global", "install"):
            if parser.has_section(section):
                settings.update(parser.items(section))
    for name in ("index-url", "extra-index-url", "cert"):
        value = environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            settings[name] = value
    return settings


def _configuration_files(environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return  # pip's own way to say: no files at all
    for folder in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep):
        yield Path(folder or "/etc/xdg") / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    home = environ.get("HOME")
    if home:
        yield Path(home) / ".pip" / "pip.conf"
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "pip" / "pip.conf"
    if named:
        yield Path(named)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
