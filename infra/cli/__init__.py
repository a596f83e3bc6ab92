"""`satu`: what offices, analysts, the walidata and operators type, a module each.

Exit codes: 0 fine, 1 findings, 2 wrong use, 3 weather.
"""

from infra.cli import office, analyst, walidata, operator  # isort: skip  # in the order they are listed
from infra.cli.group import main

__all__ = ["analyst", "main", "office", "operator", "walidata"]
