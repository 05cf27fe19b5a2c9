"""What may be had for the money: ratios within one run, which hold on any machine, and what Oracle bills and bounds."""

from __future__ import annotations

MARGIN = 1.1
"""How far a ratio may be over its target in one run: for what else the machine does."""
COLD_COPY_TO_PLAIN = 0.7
"""From the start of the process to the answer of a copy, beside the plain function."""
COLD_COPY_TO_PLAIN_SO_FAR = 0.85
"""What was reached of it with byte code, tests/README.md says why: more than that is a step back."""
COLD_REJECTED_TO_BARE = 3.0
"""The same for a payload that is rejected, beside the bare function."""
COLD_REJECTED_TO_BARE_SO_FAR = 3.7
"""What was reached of it without byte code."""
SDK_MODULES_FOR_REJECTED = 0
"""How many modules of the SDK a rejected payload may load."""

OWN_CPU_MS = 1.0
"""CPU of this project's own code for a copy, in one thread."""

PEAK_TO_PLAIN = 0.9
"""Memory at its peak for copies, beside the plain function."""

SWEEP_SECONDS, SWEEP_MB = 300.0, 256.0
"""One call, and the memory of func.yaml: for a converged sweep of any size that is measured."""
SWEEP_OF = 10_000
SWEEP_OF_MB = 110.0
"""Memory at its peak for a converged sweep of so many backups, or of fewer."""
