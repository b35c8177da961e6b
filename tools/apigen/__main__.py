"""Writes a service's types, codecs and constant tables from its model.

    python3 tools/apigen models/<service>.json OUTDIR     →     OUTDIR/{model.h,model.cc,shapes.cc}

What stands in them: src/wire/shape.h (tables), src/wire/generated.h (codecs), src/api/operation.h (operation tags).
"""

from __future__ import annotations

import sys
from pathlib import Path

import codecs_cc
import header
import model
import tables


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        service = model.load(source)
    except model.Unsupported as problem:
        raise SystemExit(f"{source}: {problem}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.h").write_text(header.write(service))
    (out / "model.cc").write_text(codecs_cc.write(service))
    (out / "shapes.cc").write_text(tables.write(service))


if __name__ == "__main__":
    main()
