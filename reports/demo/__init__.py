"""`ctk demo`: the whole main job once, thinly: convert, check, measure, show."""
