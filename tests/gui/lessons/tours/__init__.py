"""What each lecture's tour says in numbers, put together from what computes them."""
