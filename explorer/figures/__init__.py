"""Values -> pictures and plotly figures; knows nothing of Gradio."""
