"""The pages of a review as a browser reads them: templates, figures, pictures, text."""
