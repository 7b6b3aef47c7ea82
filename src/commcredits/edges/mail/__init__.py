"""Mail: notices as letters in the reader's language, handed to a mail server."""
