"""`python -m qingmo` is the `qingmo` command."""

from qingmo.cli import main

if __name__ == "__main__":
    main()
