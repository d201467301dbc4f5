"""The app. The only place that imports gradio, once the environment is put right for it."""

import explorer.gui.frame.environment  # noqa: F401
