"""`python -m api`: the command line, where the `fairwitness` command is not on the path."""

from api.cli import main

main()
