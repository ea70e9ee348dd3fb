"""Write the reference page of the command line from the commands themselves; a test compares the two.

Run it with ``--write`` after a command or an option has changed.
"""

import re
import sys
from pathlib import Path

from signalbox.cli import app

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"
HEAD = """# Commands

`make run` puts the command at `.venv/bin/signalbox`; called from there it knows the folders that `make run` uses, from
wherever it is called. Every command tells its options with `--help`. Settings are on [their own page](settings.md).

A command ends with 0 when it did its work, with 78 when it told what must be mended first, and with 1 for a bug;
`signalbox doctor` ends with 1 when it has found a problem.
"""


def page() -> str:
    """Lay every command out."""
    generated = app.generate_docs(output_format="markdown")
    commands = generated[generated.index("\n## signalbox ") :]
    commands = re.sub(r"```console\n.*?\n```\n\n", "", commands)  # depends on how this process was called
    commands = re.sub(r", --(no|empty)-[a-z-]+`", "`", commands)  # to say no to what is off already helps nobody
    return HEAD + commands.rstrip() + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page())
    else:
        print(page(), end="")
