"""How cells are written, apart from what they mean: one form a file."""

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.registry import FORMS, find_form, form_from_dict

__all__ = ["FORMS", "Form", "find_form", "form_from_dict"]
