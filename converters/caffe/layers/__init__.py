"""One file per layer type (or close family); `registry` says how a type registers itself."""
