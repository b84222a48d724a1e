"""From a study to a PDF: pages, one chart theme, the glossary, and the build that sets them with Typst."""
