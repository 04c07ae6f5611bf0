"""Pure rules of the forms room (表单规则): definitions, state, input, files, merging of drafts."""
