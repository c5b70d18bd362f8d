"""Loaded by a fork server: compiles the shipped layouts before the first page is asked for."""

from briefing.rendering.email import MAIL_TEMPLATES
from briefing.rendering.html import PAPER, SHIPPED, STYLE, TEMPLATE
from briefing.templating import environment

_any_language = environment("en", SHIPPED)
for name in (TEMPLATE, STYLE, PAPER, *MAIL_TEMPLATES):
    _any_language.get_template(name)
