"""The command line: fit a table, sample another, judge it, without writing Python."""

from synthwgan.cli import models, private, radial, reports, rules
from synthwgan.cli.app import app

for command in (models.demo, models.fit, models.sample, models.impute, models.info, reports.report):
    app.command()(command)
app.command()(rules.rules)
app.add_typer(radial.app, name="radial")
app.add_typer(private.app, name="private")

__all__ = ["app"]
