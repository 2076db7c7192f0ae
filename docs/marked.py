"""Pages of which a program writes parts, each between `<!-- NAME -->` and `<!-- NAME end -->`. Not a program itself."""

import sys


def page(text, parts):
    """The text with these parts (name: lines) made anew; ends the program when the text lacks a mark."""
    for name, lines in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- {name} end -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            sys.exit(f"the page lacks {begin} … {end}")
        text = before + begin + "\n" + "\n".join(lines) + "\n" + end + after
    return text
