"""A column that keeps JSON as it was written (有序 JSON): the order of the keys is part of a form.

PostgreSQL's jsonb sorts keys, so the cells of a group would change places; this is text on both engines.
"""

import json

from django.db import models


class OrderedJSONField(models.TextField):
    """JSON whose keys keep their order; it cannot be searched inside."""

    def from_db_value(self, value: object, _expression: object, _connection: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    def to_python(self, value: object) -> object:
        return value

    def get_prep_value(self, value: object) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""
