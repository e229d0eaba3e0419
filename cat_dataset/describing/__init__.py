"""What tells readers about a dataset: the card, its plot, licences, look-alikes, the Croissant description."""
