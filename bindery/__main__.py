"""python -m bindery."""

from bindery.cli import main

if __name__ == "__main__":
    main(prog_name="bindery")
