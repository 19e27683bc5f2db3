"""What people do when something goes wrong, rendered from what the blueprints say."""
