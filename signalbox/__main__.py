"""``python -m signalbox`` is the command line."""

from signalbox.cli import main

if __name__ == "__main__":
    main()
