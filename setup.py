"""Only for wheels with the compiled codec: everything else about the distribution stands in pyproject.toml.

    EVBPT_COMPILE=1 pip wheel .          a wheel for this Python and machine; needs a C compiler
    EVBPT_COMPILE=1 python setup.py build_ext --inplace     into the source tree (make compiled)

Without the variable nothing is compiled and no compiler is needed. ``MYPYC_OPT_LEVEL`` is the C compiler's level.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

COMPILE = os.environ.get("EVBPT_COMPILE", "") not in {"", "0"}
REQUIRES = ["mypy>=2.4", "msgspec>=0.20"]
"""What writing and compiling the functions takes, beside a C compiler."""
QUESTIONS = {"egg_info", "dist_info", "sdist"}
"""Commands that want metadata only."""
FOLDER = Path("build", "exi_compiled")


def extensions() -> list[Extension]:
    """Write the module and have mypyc make C of it."""
    sys.path.insert(0, str(Path(__file__).parent.resolve()))
    try:
        from mypyc.build import mypycify

        from iso15118.exi.generate_native import module_text
    except ModuleNotFoundError as missing:
        raise SystemExit(f"EVBPT_COMPILE=1 needs {' and '.join(REQUIRES)} ({missing})") from None

    package = FOLDER / "iso15118" / "exi"
    package.mkdir(parents=True, exist_ok=True)
    # mypy finds a module's full name by the packages around it.
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    module = package / "_compiled.py"
    module.write_text(module_text(), "utf-8")
    made: list[Extension] = mypycify(
        ["--config-file=", "--ignore-missing-imports", str(module)],
        opt_level=os.environ.get("MYPYC_OPT_LEVEL", "2"),
        debug_level="0",
        target_dir=str(FOLDER / "c"),
    )
    if sys.platform != "win32":
        for extension in made:
            # Functions nobody else can call may be inlined.
            extension.extra_compile_args.append("-fvisibility=hidden")
    return made


if not COMPILE or QUESTIONS & set(sys.argv):
    # To pip's question what a build takes, in an environment of its own; ``setup_requires`` is the one way to answer
    # differently with and without the variable.
    setup(setup_requires=REQUIRES if COMPILE else [])
else:
    setup(ext_modules=extensions())
