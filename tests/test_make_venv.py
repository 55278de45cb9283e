"""tools/make_venv.py on a machine like plain Debian, where ``python3 -m venv`` has no ensurepip."""

import contextlib
import functools
import hashlib
import http.server
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "make_venv.py"

spec = importlib.util.spec_from_file_location("make_venv", SCRIPT)
assert spec is not None
assert spec.loader is not None
make_venv = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_venv)


@pytest.fixture(scope="session")
def python_without_ensurepip(tmp_path_factory):
    """This interpreter once more, its standard library complete but for ensurepip."""
    root = tmp_path_factory.mktemp("python")
    stdlib = Path(sysconfig.get_path("stdlib"))
    library = root / "lib" / stdlib.name
    library.mkdir(parents=True)
    (root / "bin").mkdir()
    for entry in stdlib.iterdir():
        if entry.name not in {"ensurepip", "site-packages", "EXTERNALLY-MANAGED"}:
            (library / entry.name).symlink_to(entry)
    python = root / "bin" / "python3"
    # Copied, not linked: an interpreter looks for its library beside the file that its links lead to.
    shutil.copy2(os.path.realpath(sys.executable), python)
    done = subprocess.run([python, "-c", "import ensurepip"], capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" not in done.stderr:
        pytest.skip(f"this interpreter can't be copied: {done.stderr or 'ensurepip is frozen into it'}")
    return python


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    """A package index on this machine that offers the pip which runs these tests."""
    root = tmp_path_factory.mktemp("index")
    project = root / "simple" / "pip"
    project.mkdir(parents=True)
    pip = importlib.metadata.distribution("pip")
    wheel = project / f"pip-{pip.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in pip.files or ():
            if file.parts[0] != ".." and file.suffix != ".pyc":
                archive.write(str(pip.locate_file(file)), str(file))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (project / "index.html").write_text(f'<!DOCTYPE html><a href="{wheel.name}#sha256={digest}">{wheel.name}</a>')

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=root))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/simple", project
    server.shutdown()
    server.server_close()
    thread.join()


def run(python, target, home, **settings):
    """make_venv.py as a machine with an empty home runs it; no proxy stands between it and loopback."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PIP_CONFIG_FILE": os.devnull,
        "no_proxy": "*",
        **settings,
    }
    return subprocess.run([python, SCRIPT, target], env=environ, capture_output=True, text=True, check=False)


def test_pip_comes_from_the_configured_index(python_without_ensurepip, index, tmp_path):
    url, _ = index
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {url}\n")

    done = run(python_without_ensurepip, tmp_path / "venv", tmp_path, PIP_CONFIG_FILE=str(configuration))

    assert done.returncode == 0, done.stderr
    assert "fetching pip from the package index" in done.stdout
    pip = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-m", "pip", "--version"], capture_output=True, text=True, check=True
    )
    assert str(tmp_path / "venv") in pip.stdout
    again = run(python_without_ensurepip, tmp_path / "venv", tmp_path)
    assert (again.returncode, again.stdout) == (0, ""), "what works is left alone, and no index is asked"


def test_a_wheel_that_is_not_what_the_index_says_is_refused(python_without_ensurepip, index, tmp_path):
    _, project = index
    shutil.copytree(project, tmp_path / "pip")
    (wheel,) = (tmp_path / "pip").glob("*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")

    done = run(python_without_ensurepip, tmp_path / "venv", tmp_path, PIP_INDEX_URL=tmp_path.as_uri())

    assert done.returncode == 1
    assert "the index says" in done.stderr
    assert not (tmp_path / "venv" / "bin" / "pip").exists()


def test_without_any_index_it_says_what_to_install(python_without_ensurepip, tmp_path):
    done = run(python_without_ensurepip, tmp_path / "venv", tmp_path, PIP_INDEX_URL="http://127.0.0.1:9/simple")

    assert done.returncode == 1
    assert "http://127.0.0.1:9/simple/pip/: " in done.stderr
    assert "apt-get install python3-venv" in done.stderr


def test_later_settings_win_as_they_do_for_pip(tmp_path):
    for folder, name in ((".pip", "old"), (".config/pip", "new")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "pip.conf").write_text(f"[global]\nindex-url = https://{name}\ncert = /{name}.pem\n")
    home = {"HOME": str(tmp_path)}
    assert make_venv.pip_settings(home)["index-url"] == "https://new"
    settings = make_venv.pip_settings(home | {"PIP_INDEX_URL": "https://variable"})
    assert (settings["index-url"], settings["cert"]) == ("https://variable", "/new.pem")
    assert make_venv.pip_settings(home | {"PIP_CONFIG_FILE": os.devnull}) == {}


def test_the_newest_final_release_that_runs_here_is_taken():
    page = """
      <a href="../f/pip-24.0-py3-none-any.whl#sha256=aa" data-requires-python="&gt;=3.7">x</a>
      <a href="../f/pip-26.3-py3-none-any.whl#sha256=bb" data-requires-python="&gt;=3.10,!=3.0.*">x</a>
      <a href="../f/pip-26.10.1-py3-none-any.whl#sha256=cc" data-requires-python="&gt;=3.10">x</a>
      <a href="../f/pip-27.0b1-py3-none-any.whl#sha256=dd">a pre-release</a>
      <a href="../f/pip-28.0-py3-none-any.whl#sha256=ee" data-requires-python="&gt;=4">too new</a>
      <a href="../f/pip-29.0-py3-none-any.whl#sha256=ff" data-yanked="broken">yanked</a>
      <a href="../f/pip-30.0.tar.gz#sha256=00">no wheel</a>
    """
    link = make_venv.newest_wheel(page, "https://index/simple/pip/")
    assert link.url == "https://index/simple/f/pip-26.10.1-py3-none-any.whl"
    assert link.fragment == "sha256=cc"
    with pytest.raises(make_venv.Failure, match="no wheel of pip"):
        make_venv.newest_wheel("<a href='other.whl'>x</a>", "https://index/simple/pip/")


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        (">=3.11", True),
        (">3", True),
        ("<3.11", False),
        ("<=4", True),
        ("!=3.0.*", True),
        ("==3.*", True),
        ("~=3.1", True),
        ("~=2.7", False),
        ("==2.7", False),
        ("nonsense", False),
    ],
)
def test_requires_python_is_read(clause, holds):
    assert make_venv.Link("pip-1-py3-none-any.whl", clause).runs_here() is holds


def test_a_link_without_a_strong_hash_is_not_trusted():
    for fragment in ("", "#md5=d41d8cd98f00b204e9800998ecf8427e"):
        with pytest.raises(make_venv.Failure, match="no SHA-2 hash"):
            make_venv.Link("https://index/pip-24.0-py3-none-any.whl" + fragment, "").check(b"")


def test_a_wrong_call_is_explained(capsys):
    with contextlib.redirect_stdout(sys.stderr):
        assert make_venv.main([]) == 2
    assert "usage:" in capsys.readouterr().err
