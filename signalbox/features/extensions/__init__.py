"""Extensions: the numbers dialled inside, their phones and their registration."""
