"""What several tests share: tiny texts, models and projects that are made on the spot."""
