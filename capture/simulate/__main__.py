"""``python -m capture.simulate``."""

from capture.simulate.command import main

if __name__ == "__main__":
    main()
