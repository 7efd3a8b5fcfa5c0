"""What a form shows at any moment of a run: the live table and a recording's anatomy draw the same one."""

from lab.form.form import Form
from lab.form.rows import Row, State

__all__ = ["Form", "Row", "State"]
