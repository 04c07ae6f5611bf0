"""Words of the form designer (设计用语): kinds of fields, formats, inputs."""

from yiwang.sdk.errors import N_

KIND_WORDS = {
    "string": N_("Short text"),
    "long": N_("Text of several lines"),
    "choice": N_("One of several choices"),
    "choices": N_("Several choices"),
    "boolean": N_("Yes or no (a box to tick)"),
    "date": N_("Date"),
    "integer": N_("Whole number"),
    "number": N_("Number with decimals"),
    "file": N_("File"),
    "rows": N_("Repeating group"),
}
TYPE_WORDS = {
    "string": N_("text"),
    "integer": N_("whole number"),
    "number": N_("number"),
    "boolean": N_("yes or no"),
    "array": N_("list"),
}
FORMAT_WORDS = {
    "date": N_("Date"),
    "mobile-phone": N_("Mobile phone number"),
    "phone": N_("Telephone number"),
    "email": N_("E-mail address"),
    "id-number": N_("Identity number"),
    "uscc": N_("Unified social credit code"),
    "postal-code": N_("Postal code"),
    "plate": N_("Number plate"),
}
WIDGET_WORDS = {
    "text": N_("One line"),
    "textarea": N_("Several lines"),
    "number": N_("A number"),
    "date": N_("Date"),
    "select": N_("List to open"),
    "radio": N_("Buttons, one of them"),
    "checkbox": N_("Box to tick"),
    "checkboxes": N_("Boxes, several of them"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "id_number": N_("Identity number"),
    "uscc": N_("Unified social credit code"),
    "area": N_("Area of the city"),
    "photo": N_("Photograph"),
    "file": N_("File"),
    "hidden": N_("Not shown"),
    "rows": N_("Repeating group"),
}
