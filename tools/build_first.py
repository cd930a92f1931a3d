"""The Dataset that an app draws while its source is being loaded: `python tools/build_first.py NAME` stores it in lsviz/store/first."""

import sys

from lsviz import apps
from lsviz.app import first

if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = first.write(apps.get(name))
        print(f"{path}: {path.stat().st_size / 1000:.1f} kB")
