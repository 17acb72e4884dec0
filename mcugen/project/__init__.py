"""A project: models × boards, as `mcugen.yml` describes them, emitted and verified at once."""
