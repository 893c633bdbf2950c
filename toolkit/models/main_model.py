"""The main model's name, apart from the model cards: the options of verbs need it before anything heavy is loaded."""

MAIN_MODEL = "colorization-v2-norebal"
"""The model that a verb means when none is named (DESIGN §4)."""
