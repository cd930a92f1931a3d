"""`python -m lsviz`: the shell's way in."""

from lsviz.cli import main

if __name__ == "__main__":
    main()
