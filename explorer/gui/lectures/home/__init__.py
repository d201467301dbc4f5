"""The first page of the Lectures tab: cards, and what stands at the head of each topic."""
