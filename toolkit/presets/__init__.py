"""Named definitions of pre- and postprocessing (DESIGN §5, Presets)."""
