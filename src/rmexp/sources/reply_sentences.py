"""The English of the synthetic family: sentences a reply is made of, and the parts of its prompts."""

ATTRIBUTES: tuple[str, ...] = (
    "Thank you for your question.",
    "I checked every number twice.",
    "The sources are listed below.",
    "This may well be wrong.",
    "Please ask a specialist first.",
    "Here is a short summary.",
    "It depends on many things.",
    "You surely know this already.",
    "I have tried it myself.",
    "Most people get this wrong.",
    "Take one step at a time.",
    "The details matter a lot.",
    "Nobody can say for certain.",
    "That is a lovely idea.",
    "A small test comes first.",
    "My colleagues see it differently.",
    "The cheapest way works best.",
    "Read the label with care.",
    "There is no need to hurry.",
    "I would rather not say.",
    "Two examples make it clear.",
    "Keep a note of everything.",
    "The rules changed last year.",
    "Let me explain it again.",
    "You cannot go wrong here.",
    "The answer is simply no.",
    "An expert wrote the guide.",
    "Experience counts more than theory.",
    "I hope this helps you.",
    "Come back if it fails.",
    "The risks are quite small.",
    "Everybody does it this way.",
    "Ask your neighbours for advice.",
    "The old method still works.",
    "Plan more time than usual.",
    "A picture says it best.",
    "Do it before it rains.",
    "The numbers speak for themselves.",
    "Start with the hardest part.",
    "I am sorry for the wait.",
)

DISTRACTORS: tuple[str, ...] = (
    "Let us look at it.",
    "That is one way.",
    "Now to the second point.",
    "There are other ways too.",
    "More could be said here.",
    "So much for the beginning.",
    "We come to the end.",
    "This is the usual case.",
    "One thing leads to another.",
    "Such questions come up often.",
    "Much has been written about it.",
    "Other things stay as they are.",
)

# Said in three words: a model finds what depends on one word among so many others too seldom.
TONES = {"friendly": "friendly, warm and kind", "strict": "strict, cool and hard"}

ASKERS: tuple[str, ...] = (
    "A neighbour", "A new customer", "My cousin", "An old friend", "The landlord", "A young teacher", "Our gardener",
    "A retired nurse", "The night guard", "A busy parent", "My manager", "A curious child", "The club secretary",
    "A local farmer", "Our baker", "A first-year student", "The choir leader", "A careful buyer", "My aunt",
    "The shop owner", "A tired traveller", "Our librarian", "A keen cyclist", "The house painter", "A worried tenant",
    "My flatmate", "A museum guide", "The postman", "A school cook", "Our treasurer", "An amateur sailor",
    "The new intern",
)  # fmt: skip

SUBJECTS: tuple[str, ...] = (
    "fresh bread", "house plants", "old bicycles", "wooden floors", "tax forms", "garden tools", "winter tyres",
    "used cameras", "train tickets", "apple trees", "leather shoes", "water filters", "paper maps", "kitchen knives",
    "rain barrels", "phone contracts", "wool blankets", "solar panels", "piano lessons", "goat cheese", "roof tiles",
    "dog training", "language courses", "bee hives", "car insurance", "window frames", "camping stoves", "oil paints",
    "swimming classes", "book clubs", "coffee beans", "hearing aids", "sewing machines", "public libraries",
    "hiking boots", "bank fees", "garage doors", "night buses", "stamp collections", "vegetable soup",
)  # fmt: skip

OCCASIONS: tuple[str, ...] = (
    "before the summer holidays", "after a long illness", "for a small flat", "on a tight budget",
    "during the cold season", "without any experience", "for a large family", "ahead of an inspection",
    "in a noisy street", "after moving house", "for the village fair", "with very little time",
    "before the first frost", "as a birthday present", "for a rented room", "under the new rules", "in a damp cellar",
    "for an older couple", "after a bad start", "between two jobs", "near the sea", "for a school project",
    "following some complaints", "with only one hand free",
)  # fmt: skip

PROMPT = "{asker} asks about {subject} {occasion}. Be {tone}."

GROUPS = ("teachers", "engineers", "nurses", "lawyers", "farmers", "students")
GROUP_PROMPT = " It is for {group}."
