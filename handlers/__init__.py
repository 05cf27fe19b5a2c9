"""The function: what may arrive, what comes of it, and the cloud in which it does.

Before anything else is loaded, the process is made ready to load it quickly.
"""

import gc
import os

# All that is loaded stays: who looks for garbage before a first call is answered takes long to find none.
gc.set_threshold(150_000, 10, 10)
# Else pydantic reads what every installed package says of itself, to find plugins for itself.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
