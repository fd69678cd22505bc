"""`python -m dispatcher.cli …`: how we start ourselves as a child, wherever the script is installed."""

from dispatcher.cli import main

if __name__ == "__main__":
    main()
