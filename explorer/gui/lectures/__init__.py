"""The Lectures tab and its topics."""
