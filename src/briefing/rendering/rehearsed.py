"""Loaded by a fork server, before the first page is asked for.

Loads WeasyPrint, compiles the shipped layouts, and reads which letters the house font has.
"""

from briefing.rendering.email import MAIL_TEMPLATES
from briefing.rendering.gates import missing_glyphs
from briefing.rendering.html import PAPER, SHIPPED, STYLE, TEMPLATE
from briefing.rendering.loading import printer
from briefing.templating import environment

printer()
_any_language = environment("en", SHIPPED)
for name in (TEMPLATE, STYLE, PAPER, *MAIL_TEMPLATES):
    _any_language.get_template(name)
missing_glyphs([""])
