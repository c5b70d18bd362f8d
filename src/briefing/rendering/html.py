"""The layout filled in: one HTML page, self-contained, the source of the PDF too."""

from __future__ import annotations

from html import unescape
from pathlib import Path

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader
from markupsafe import Markup

from briefing.errors import RenderError
from briefing.fonts import FAMILY, embedded
from briefing.rendering.files import every_figure
from briefing.rendering.lineage import lineage
from briefing.structures import Composition, Figure
from briefing.templating import TEMPLATE_ERRORS, environment

TEMPLATE = "template.html.j2"
STYLE = "style.css"
SCREEN = "screen.css"
"""What only browsers understand; added to the HTML edition, never to the PDF."""


class Layout:
    """The shipped layout, or what the report's folder puts in its place."""

    def __init__(self, composition: Composition, report_folder: Path) -> None:
        self._composition = composition
        loader = ChoiceLoader(
            [
                FileSystemLoader(report_folder),
                PackageLoader("briefing", "rendering/layout"),
            ]
        )
        self._environment = environment(composition.language, loader)

    def page(self, *, for_pdf: bool = False) -> str:
        """The HTML page; for the PDF, charts are pictures with alternative text.

        Raises:
            RenderError: the template does not work out.
        """

        def picture(figure: Figure) -> Markup:
            assert figure.chart is not None
            alt = Markup.escape(figure.chart.alt)
            if for_pdf:
                return Markup('<img src="figure:{}" alt="{}">').format(figure.name, alt)
            opening, _, rest = figure.chart.svg.partition(">")
            label = f'{opening} role="img" aria-label="{alt}">'
            return Markup(label + rest)

        try:
            style = self._environment.get_template(STYLE).render(family=FAMILY)
            page = self._environment.get_template(TEMPLATE).render(
                issue=self._composition, style=Markup(style), picture=picture
            )
        except TEMPLATE_ERRORS as error:
            line = getattr(error, "lineno", None)
            place = f"{TEMPLATE}, line {line}" if line else TEMPLATE
            raise RenderError(f"The layout does not work out ({place}): {error}") from error
        return page if for_pdf else self._alone(page)

    def _alone(self, page: str) -> str:
        """The page with what it needs to stand alone: its font, and its provenance as JSON-LD."""
        data = lineage(self._composition).replace("<", "\\u003c")
        script = f'<script type="application/ld+json">\n{data}</script>\n</head>'
        narrow = self._environment.get_template(SCREEN).render()
        styled = page.replace("<style>", f"<style>\n{embedded(unescape(page + narrow))}", 1)
        styled = styled.replace("</style>", f"{narrow}</style>", 1)
        return styled.replace("</head>", script, 1)

    def pictures(self) -> dict[str, bytes]:
        """Charts by the address that the PDF's page asks for."""
        return {
            f"figure:{figure.name}": figure.chart.svg.encode()
            for figure in every_figure(self._composition)
            if figure.chart
        }
