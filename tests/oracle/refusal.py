"""The one exception of the oracle: a record that breaks the contract, section 1.

A refusal becomes a dead letter (section 2, "Dead letter"); its category is
the first word of the written reason.
"""


class Refused(Exception):
    """A record is a dead letter.

    category: one word out of README.md's list; sentence: for a human;
    topic: the kind of the event where it was known when it was refused.
    """

    def __init__(self, category, sentence, topic=None):
        super().__init__(category, sentence)
        self.category = category
        self.sentence = sentence
        self.topic = topic

    @property
    def reason(self):
        """The text written to the list of dead letters."""
        return f"{self.category}: {self.sentence}"
