"""`python -m hub.cli`: the command line where the script is not on the path."""

from __future__ import annotations

from hub.cli.main import main

main()
