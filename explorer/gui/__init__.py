"""The app. The only place that imports gradio."""
