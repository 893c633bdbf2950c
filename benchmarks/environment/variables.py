"""Environment variables that a runtime reads."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

_PREFIXES = (
    *("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "NUMEXPR_", "NVPL_"),
    *("ONEDNN_", "DNNL_", "OV_", "OPENVINO_", "ORT_", "ONNXRUNTIME_", "OPENCV_", "TBB_", "XNNPACK_"),
    *("TORCH_", "PYTORCH_", "ATEN_", "CUDA_", "CUDNN_", "NVIDIA_", "ASCEND_", "MALLOC_"),
)
_NAMES = frozenset(
    {
        *("LD_PRELOAD", "LD_BIND_NOW", "GLIBC_TUNABLES", "TF_ENABLE_ONEDNN_OPTS", "NPY_DISABLE_CPU_FEATURES"),
        *("PYTHONHASHSEED", "PYTHONMALLOC", "PYTHONOPTIMIZE", "PYTHONDEVMODE"),
    }
)
# Numbers, switches and lists of them; anything else may be a path, an address or a name.
_HARMLESS = re.compile(r"[\w.,:;=+*{}()\- ]{0,200}")
_HIDDEN = "(set; a value that may name a person, a place or a host is not recorded)"


def runtime_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Those of the environment that a runtime, a BLAS or an allocator reads, sorted.

    Args:
        environ: Such as ``os.environ``.

    Returns:
        Their values; a sentence in place of one that may name a person, a place or a host.
    """
    taken = (name for name in environ if name in _NAMES or name.startswith(_PREFIXES))
    hidden = {environ.get("USER", ""), environ.get("LOGNAME", ""), platform.node()} - {
        "",
        "root",
        "localhost",
    }
    return {name: _shown(environ[name], hidden) for name in sorted(taken)}


def _shown(value: str, hidden: set[str]) -> str:
    if not _HARMLESS.fullmatch(value) or any(word in value for word in hidden):
        return _HIDDEN
    return value
