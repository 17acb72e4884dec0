"""Which layers compute in which types: `--precision`.

`types` names the choices, `rules` reads a file of them, `assign` brings rules and program together, `forms` asks which
operators there are in a type.
"""
