"""Technical topics, true short facts about them and questions that ask for those facts: plain data.

No text about a topic of `SEEN` mentions a topic of `UNSEEN`. Values are written so that they fit after "it is a",
"it is used for", "it offers" and "it comes with".
"""

# ruff: noqa: E501  (a table: one topic a line)

from typing import NamedTuple

Facts = dict[str, str | int]


class Topic(NamedTuple):
    """A topic and its facts.

    Attributes:
        name: as written inside a sentence.
        category: one of seven.
        facts: `kind`, `use`, `strength`, `limitation`, then any of `created_by`, `first_appeared`, `written_in`,
            `running_time`.
    """

    name: str
    category: str
    facts: Facts


class Question(NamedTuple):
    """A question about a topic.

    Attributes:
        text: holds `{topic}`.
        asks: facts that every answer must state.
    """

    text: str
    asks: tuple[str, ...] = ()


def _topic(name: str, category: str, kind: str, use: str, strength: str, limitation: str, **more: str | int) -> Topic:
    return Topic(name, category, {"kind": kind, "use": use, "strength": strength, "limitation": limitation, **more})


# fmt: off
SEEN: tuple[Topic, ...] = (
    _topic("PostgreSQL", "databases", "relational database", "transactional data with complex queries", "rich types and extensions", "tuning and vacuuming at large scale", written_in="C"),
    _topic("MySQL", "databases", "relational database", "data behind web applications", "simple replication", "limited support for custom data types", first_appeared=1995),
    _topic("SQLite", "databases", "embedded relational database", "local storage in apps and devices", "no server to set up", "a single writer at a time", first_appeared=2000, written_in="C"),
    _topic("MongoDB", "databases", "document database", "records whose shape changes often", "flexible schemas", "costly joins across collections", first_appeared=2009, written_in="C++"),
    _topic("Redis", "databases", "in-memory key-value store", "caching and session data", "very low latency", "data sets bounded by memory", created_by="Salvatore Sanfilippo", first_appeared=2009, written_in="C"),
    _topic("Cassandra", "databases", "wide-column database", "write-heavy workloads over many nodes", "no single point of failure", "tables designed around each query", first_appeared=2008, written_in="Java"),
    _topic("Neo4j", "databases", "graph database", "highly connected data", "fast traversal of relationships", "harder sharding across machines", written_in="Java"),
    _topic("DuckDB", "databases", "embedded analytical database", "analytics on local files", "fast columnar execution", "no support for many concurrent writers", first_appeared=2019, written_in="C++"),
    _topic("Elasticsearch", "databases", "search engine", "full-text search over large collections", "relevance ranking out of the box", "high memory use", first_appeared=2010, written_in="Java"),
    _topic("Memcached", "databases", "in-memory cache", "keeping query results at hand", "a very simple protocol", "no built-in replication", created_by="Brad Fitzpatrick", first_appeared=2003, written_in="C"),
    _topic("Python", "languages", "interpreted programming language", "scripting and data analysis", "readable code and many libraries", "slow execution of pure loops", created_by="Guido van Rossum", first_appeared=1991),
    _topic("Rust", "languages", "systems programming language", "fast programs close to the hardware", "memory safety without a garbage collector", "a steep learning curve", created_by="Graydon Hoare"),
    _topic("Go", "languages", "compiled programming language", "network services and command-line tools", "fast builds and cheap concurrency", "verbose error handling", created_by="Google", first_appeared=2009),
    _topic("Java", "languages", "class-based programming language", "large business systems", "a mature virtual machine", "much boilerplate code", created_by="Sun Microsystems", first_appeared=1995),
    _topic("JavaScript", "languages", "dynamic scripting language", "interactive web pages", "support in every browser", "surprising type conversions", created_by="Brendan Eich", first_appeared=1995),
    _topic("TypeScript", "languages", "typed superset of JavaScript", "large front-end code bases", "errors found before the code runs", "an extra compile step", created_by="Microsoft", first_appeared=2012),
    _topic("Haskell", "languages", "purely functional language", "compilers and financial models", "a very expressive type system", "memory use that is hard to predict", first_appeared=1990),
    _topic("Ruby", "languages", "dynamic object-oriented language", "web applications and scripts", "concise and expressive code", "modest execution speed", created_by="Yukihiro Matsumoto", first_appeared=1995),
    _topic("Kotlin", "languages", "statically typed language", "Android apps", "null safety in the type system", "slower builds than Java", created_by="JetBrains"),
    _topic("Julia", "languages", "high-performance dynamic language", "numerical computing", "near-native speed for array code", "noticeable compile latency", first_appeared=2012),
    _topic("Lua", "languages", "lightweight scripting language", "embedding scripts in games", "a tiny interpreter", "a small standard library", first_appeared=1993, written_in="C"),
    _topic("Docker", "infrastructure", "container platform", "packaging apps with their dependencies", "identical environments everywhere", "weaker isolation than virtual machines", first_appeared=2013, written_in="Go"),
    _topic("Kubernetes", "infrastructure", "container orchestrator", "running containers on many machines", "automatic recovery from failures", "high operational complexity", created_by="Google", first_appeared=2014, written_in="Go"),
    _topic("Terraform", "infrastructure", "provisioning tool", "declaring cloud resources in files", "a plan before every change", "state files that need careful handling", created_by="HashiCorp", first_appeared=2014, written_in="Go"),
    _topic("Nginx", "infrastructure", "web server and reverse proxy", "serving static files", "many connections with little memory", "a reload for most configuration changes", created_by="Igor Sysoev", first_appeared=2004, written_in="C"),
    _topic("Git", "infrastructure", "distributed version control system", "tracking changes in source code", "cheap local branches", "poor handling of large binary files", created_by="Linus Torvalds", first_appeared=2005),
    _topic("Prometheus", "infrastructure", "monitoring system", "collecting and alerting on metrics", "a powerful query language", "limited long-term storage", created_by="SoundCloud", first_appeared=2012, written_in="Go"),
    _topic("Grafana", "infrastructure", "dashboard tool", "visualising metrics and logs", "support for many data sources", "dependence on an external data store", first_appeared=2014),
    _topic("Jenkins", "infrastructure", "automation server", "building and testing code", "a huge range of plugins", "plugins that need constant updates", first_appeared=2011, written_in="Java"),
    _topic("Airflow", "infrastructure", "workflow orchestrator", "scheduling batch data pipelines", "pipelines defined as code", "poor support for low-latency streams", created_by="Airbnb", written_in="Python"),
    _topic("Spark", "infrastructure", "distributed processing engine", "analytics on large data sets", "in-memory speed for repeated passes", "heavy memory demands", written_in="Scala"),
    _topic("TCP", "protocols", "reliable transport protocol", "byte streams between hosts", "ordered delivery with retransmission", "added delay from handshakes", created_by="Vint Cerf and Bob Kahn"),
    _topic("UDP", "protocols", "connectionless transport protocol", "voice calls and online games", "minimal overhead", "no delivery guarantee", created_by="David Reed", first_appeared=1980),
    _topic("DNS", "protocols", "naming system", "turning host names into addresses", "a distributed and cached hierarchy", "slow spread of changes", created_by="Paul Mockapetris", first_appeared=1983),
    _topic("TLS", "protocols", "cryptographic protocol", "encrypting traffic on the web", "privacy and integrity in transit", "certificates that must be renewed", first_appeared=1999),
    _topic("SSH", "protocols", "remote access protocol", "logging in to distant machines", "key-based authentication", "key management across many hosts", first_appeared=1995),
    _topic("HTTP", "protocols", "request-response protocol", "transferring web pages", "a simple and stateless design", "no built-in session state", created_by="Tim Berners-Lee", first_appeared=1991),
    _topic("WebSocket", "protocols", "two-way communication protocol", "live updates in browsers", "one connection for both directions", "connections that are harder to balance"),
    _topic("MQTT", "protocols", "lightweight messaging protocol", "sensors on weak networks", "tiny message headers", "a broker that must stay available", first_appeared=1999),
    _topic("gRPC", "protocols", "remote procedure call framework", "calls between services", "compact binary messages", "messages that people cannot read", created_by="Google"),
    _topic("SMTP", "protocols", "mail transfer protocol", "sending email between servers", "universal support", "no sender verification by default", first_appeared=1981),
    _topic("QUIC", "protocols", "encrypted transport protocol", "faster web connections", "quick connection set-up", "higher processor load than TCP", created_by="Google"),
    _topic("binary search", "algorithms", "search algorithm", "finding an item in a sorted list", "few comparisons on large inputs", "input that must be sorted first", running_time="O(log n)"),
    _topic("quicksort", "algorithms", "sorting algorithm", "general in-memory sorting", "good cache behaviour", "quadratic time in the worst case", created_by="Tony Hoare", running_time="O(n log n) on average"),
    _topic("merge sort", "algorithms", "stable sorting algorithm", "sorting linked lists and large files", "a guaranteed time bound", "extra memory for merging", created_by="John von Neumann", running_time="O(n log n)"),
    _topic("heapsort", "algorithms", "in-place sorting algorithm", "sorting with tight memory limits", "constant extra memory", "poor cache locality", first_appeared=1964, running_time="O(n log n)"),
    _topic("breadth-first search", "algorithms", "graph traversal algorithm", "shortest paths in unweighted graphs", "paths with the fewest edges", "a large queue on wide graphs", running_time="O(V + E)"),
    _topic("depth-first search", "algorithms", "graph traversal algorithm", "finding cycles and topological order", "low memory use on wide graphs", "paths that may not be shortest", running_time="O(V + E)"),
    _topic("Dijkstra's algorithm", "algorithms", "shortest-path algorithm", "route planning on weighted graphs", "exact shortest distances", "no support for negative edges", created_by="Edsger Dijkstra", first_appeared=1959),
    _topic("dynamic programming", "algorithms", "problem-solving technique", "problems with overlapping subproblems", "each subproblem solved only once", "memory for the table of results", created_by="Richard Bellman"),
    _topic("Huffman coding", "algorithms", "lossless compression method", "packing data by symbol frequency", "optimal prefix codes", "at least one bit for every symbol", created_by="David Huffman", first_appeared=1952),
    _topic("PageRank", "algorithms", "link analysis algorithm", "ranking web pages", "scores that need no page content", "sensitivity to artificial links", created_by="Larry Page and Sergey Brin"),
    _topic("gradient descent", "machine learning", "numerical optimization method", "fitting model parameters", "low cost per step", "sensitivity to the learning rate", created_by="Augustin-Louis Cauchy", first_appeared=1847),
    _topic("logistic regression", "machine learning", "linear classification model", "predicting yes-or-no outcomes", "coefficients that are easy to read", "only linear decision boundaries"),
    _topic("k-means clustering", "machine learning", "partitioning method", "grouping similar points", "speed on large data sets", "a number of groups chosen in advance"),
    _topic("dropout", "machine learning", "regularization technique", "training large neural networks", "less overfitting", "longer training", first_appeared=2012),
    _topic("transfer learning", "machine learning", "training strategy", "tasks with little labelled data", "short training times", "biases inherited from the source model"),
    _topic("reinforcement learning", "machine learning", "learning paradigm", "games and robot control", "learning from rewards alone", "very many trial runs"),
    _topic("gradient boosting", "machine learning", "tree ensemble method", "predictions on tabular data", "high accuracy with little preparation", "slow sequential training", created_by="Jerome Friedman"),
    _topic("backpropagation", "machine learning", "gradient computation method", "training neural networks", "all gradients in one backward pass", "memory for stored activations"),
    _topic("principal component analysis", "machine learning", "dimensionality reduction method", "compressing correlated features", "directions ordered by variance", "blindness to nonlinear structure", created_by="Karl Pearson", first_appeared=1901),
    _topic("PyTorch", "machine learning", "deep learning framework", "research on neural networks", "flexible dynamic graphs", "overhead from the Python interpreter", created_by="Meta"),
    _topic("garbage collection", "practices", "memory management technique", "reclaiming unused objects", "freedom from manual deallocation", "pauses while memory is scanned", created_by="John McCarthy", first_appeared=1959),
    _topic("continuous integration", "practices", "development practice", "merging and testing small changes", "early discovery of conflicts", "dependence on a fast test suite"),
    _topic("test-driven development", "practices", "development practice", "design guided by tests", "good coverage from the start", "slower first versions", created_by="Kent Beck"),
    _topic("code review", "practices", "quality practice", "checking changes before merging", "shared knowledge of the code", "waiting time for authors"),
    _topic("pair programming", "practices", "collaboration practice", "hard problems and mentoring", "mistakes caught at once", "two people on one task"),
    _topic("caching", "practices", "performance technique", "repeated reads of the same data", "short response times", "stale results"),
    _topic("load balancing", "practices", "scaling technique", "spreading requests over servers", "better availability", "an extra hop for every request"),
    _topic("sharding", "practices", "data partitioning technique", "data sets too large for one machine", "growth by adding machines", "expensive queries across shards"),
    _topic("refactoring", "practices", "maintenance practice", "improving the structure of code", "code that is easier to extend", "the risk of new bugs without tests"),
    _topic("serverless computing", "practices", "cloud execution model", "event-driven functions", "no servers to manage", "slow cold starts"),
)

UNSEEN: tuple[Topic, ...] = (
    _topic("Kafka", "infrastructure", "event streaming platform", "real-time data pipelines", "high throughput with durable logs", "demanding cluster operation", created_by="LinkedIn", first_appeared=2011),
    _topic("GraphQL", "protocols", "query language for APIs", "fetching exactly the needed fields", "several resources in one request", "harder caching than plain HTTP", created_by="Facebook", first_appeared=2015),
    _topic("WebAssembly", "languages", "binary instruction format", "running compiled code in browsers", "near-native speed", "no direct access to the page", first_appeared=2017),
    _topic("RabbitMQ", "infrastructure", "message broker", "task queues between services", "flexible routing of messages", "lower throughput than log-based systems", first_appeared=2007, written_in="Erlang"),
    _topic("CockroachDB", "databases", "distributed relational database", "transactions across several regions", "survival of node failures", "higher latency than a single node", created_by="Cockroach Labs", written_in="Go"),
    _topic("Zig", "languages", "low-level programming language", "code without hidden control flow", "easy calls into C libraries", "manual memory management", created_by="Andrew Kelley", first_appeared=2016),
    _topic("blockchain", "algorithms", "shared append-only ledger", "records among parties without mutual trust", "history that is hard to alter", "low transaction rates"),
    _topic("OpenTelemetry", "infrastructure", "observability framework", "collecting traces and metrics", "one standard for many vendors", "a complex initial set-up", first_appeared=2019),
    _topic("Elixir", "languages", "functional programming language", "fault-tolerant concurrent services", "lightweight processes", "slow number crunching", first_appeared=2012),
    _topic("Ansible", "infrastructure", "configuration management tool", "setting up many servers", "no agent on the managed hosts", "slow runs on large fleets", created_by="Michael DeHaan", first_appeared=2012, written_in="Python"),
)
# fmt: on

QUESTIONS: tuple[Question, ...] = (
    Question("Explain {topic}."),
    Question("Tell me about {topic}."),
    Question("Describe {topic} briefly."),
    Question("Give me an overview of {topic}."),
    Question("What should I know about {topic}?"),
    Question("Help me understand {topic}."),
    Question("Write a short note on {topic}."),
    Question("Give the key facts about {topic}."),
    Question("Brief me on {topic} before my meeting."),
    Question("Could you describe {topic} in a few words?"),
    Question("We are looking at {topic}. What matters most?"),
    Question("Summarise {topic} for a new colleague.", ("kind",)),
    Question("What is {topic}?", ("kind",)),
    Question("I keep hearing about {topic}. What is it?", ("kind",)),
    Question("How would you introduce {topic} to a student?", ("kind",)),
    Question("What kind of thing is {topic}?", ("kind",)),
    Question("What is {topic} used for?", ("use",)),
    Question("When should I use {topic}?", ("use",)),
    Question("Where is {topic} applied in practice?", ("use",)),
    Question("Which problems does {topic} solve?", ("use",)),
    Question("Who needs {topic} and for what?", ("use",)),
    Question("Why do people choose {topic}?", ("strength",)),
    Question("What is {topic} good at?", ("strength",)),
    Question("What makes {topic} attractive?", ("strength",)),
    Question("Name the main benefit of {topic}.", ("strength",)),
    Question("What are the drawbacks of {topic}?", ("limitation",)),
    Question("What should I watch out for with {topic}?", ("limitation",)),
    Question("Where does {topic} fall short?", ("limitation",)),
    Question("Name a weakness of {topic}.", ("limitation",)),
    Question("Is {topic} right for my project?", ("use", "limitation")),
    Question("What are the pros and cons of {topic}?", ("strength", "limitation")),
    Question("What are the trade-offs of {topic}?", ("strength", "limitation")),
)
