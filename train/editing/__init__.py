"""What an edit goes through: what is asked, of which picture, and the integration from noise to a result."""
