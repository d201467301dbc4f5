"""Browser parts that several features use: a Python class each, with .html, .js and .css."""
