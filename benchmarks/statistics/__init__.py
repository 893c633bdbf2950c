"""Statistics of measurements and of their comparison (benchmark_method.md §2 to §6): pure functions on arrays."""

from __future__ import annotations

if __name__ == "statistics":
    # `python benchmarks/SCRIPT.py` puts this package's folder first on the path, where it would stand before the
    # standard library's module of that name, which our scripts and several libraries import.
    import sys
    import sysconfig
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    _spec = PathFinder.find_spec(__name__, [sysconfig.get_path("stdlib")])
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[__name__] = module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[__name__])
