"""One block of TF-IDF features: n-grams of words, of the characters of words, or of tokens."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer

from pretrain_or_not.compute.ngrams import WORD, characters, ngrams, numbered, word_codes
from pretrain_or_not.errors import BadInput


class TfidfBlock:
    """What scikit-learn's TfidfVectorizer computes, with codes of n-grams (`compute.ngrams`) in place of strings.

    kind: "words", "characters" (within words, white space included, like analyzer="char_wb") or "tokens".
    features: the codes of the n-grams that are features, sorted, (features,); none until fitted.
    """

    def __init__(self, kind: str, config: dict):
        """config: for this kind the range of n, `words` or `characters`; min_count, lowercase, hash_bits, sublinear."""
        self.kind, self.config = kind, config
        self.features = np.empty(0, dtype=np.uint64)
        self.range = config["characters" if kind == "characters" else "words"]
        self.tfidf = TfidfTransformer(sublinear_tf=config["sublinear"])

    def counts(self, part) -> tuple[np.ndarray, sp.csr_matrix]:
        """Return the distinct codes in a part of the examples, (codes,), and how often each example has them.

        part: texts, a list of strings, or tokens and the number of them in each example. The matrix is float32
        (examples, codes).
        """
        if self.kind == "tokens":
            tokens, lengths = part
            return self.occurrences(tokens.astype(np.uint64), lengths)
        texts = [text.lower() for text in part] if self.config["lowercase"] else part
        if self.kind == "words":
            words, places, lengths = numbered([WORD.findall(text) for text in texts])
            return self.occurrences(word_codes(words)[places], lengths)
        words, places, lengths = numbered([text.split() for text in texts])
        # The n-grams of a word are found once, wherever it occurs.
        codes, of_words = self.occurrences(*characters([f" {word} " for word in words]), short_ones=True)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        has_words = sp.csr_matrix((np.ones(len(places), np.float32), places, starts), (len(texts), len(words)))
        return codes, has_words @ of_words

    def occurrences(self, units, lengths, short_ones=False):
        """Return the distinct codes of the n-grams of sequences, and how often each sequence has them; see `counts`."""
        found = list(ngrams(units, lengths, *self.range, short_ones))
        rows, codes = (np.concatenate([pair[i] for pair in found]) for i in (0, 1))
        if self.config["hash_bits"] is not None:
            codes &= np.uint64(2 ** self.config["hash_bits"] - 1)
        columns, distinct = pd.factorize(codes)
        entries = (np.ones(len(codes), dtype=np.float32), (rows, columns))
        return distinct, sp.csr_matrix(entries, shape=(len(lengths), len(distinct)))  # sums repeated entries

    def fit(self, found: list[tuple[np.ndarray, sp.csr_matrix]]) -> sp.csr_matrix:
        """Choose and weight features; return those of all training examples, float64 (examples, features).

        found: `counts` of each part; the list is emptied, to save memory. Raises BadInput if there is no feature.
        """
        codes, positions = sorted_codes([distinct for distinct, _ in found])
        examples_with = np.zeros(len(codes))
        for (_, matrix), places in zip(found, positions, strict=True):
            examples_with[places] += np.bincount(matrix.indices, minlength=len(places))
        kept = examples_with >= self.config["min_count"]
        if not kept.any():
            raise BadInput(
                f"no n-gram of {self.kind} is in {self.config['min_count']} of the training examples; lower "
                f"`min_count`, or leave the {self.kind} out"
            )
        self.features = codes[kept]
        columns = np.where(kept, np.cumsum(kept) - 1, -1)
        # As TfidfTransformer.fit, which would need the matrix: its weights are put in as it grows, to save memory.
        examples = sum(matrix.shape[0] for _, matrix in found)
        self.tfidf.idf_ = np.log((examples + 1) / (examples_with[kept] + 1)) + 1
        return self.stacked(found, (columns[places] for places in positions), int(examples_with[kept].sum()))

    def stacked(self, found, columns, entries):
        """Return the features of all parts of `found`, which is emptied, as one matrix.

        columns: for each part, the position of the feature of each code, -1 for none. entries: how many the matrix has;
        they are written to one place, as a list of parts would need twice the memory in the end.
        """
        data, indices, starts = np.empty(entries), np.empty(entries, dtype=np.int32), [np.zeros(1, dtype=np.int64)]
        end = 0
        for places in columns:
            part = self.weighted(found.pop(0)[1], places)
            data[end : end + part.nnz], indices[end : end + part.nnz] = part.data, part.indices
            starts.append(part.indptr[1:].astype(np.int64) + end)
            end += part.nnz
        starts = np.concatenate(starts)
        return sp.csr_matrix((data, indices, starts), shape=(len(starts) - 1, len(self.features)))

    def transform(self, part) -> sp.csr_matrix:
        """Return the features of a part of the examples, float64 (examples, features); see `counts`."""
        codes, matrix = self.counts(part)
        columns = np.searchsorted(self.features, codes).clip(max=len(self.features) - 1)
        columns[self.features[columns] != codes] = -1
        return self.weighted(matrix, columns)

    def weighted(self, counts, columns):
        """Return the features of examples, float64. counts: of codes, (examples, codes). columns: see `stacked`."""
        return self.tfidf.transform(moved(counts, columns, len(self.features)), copy=False)


def sorted_codes(parts):
    """Return the distinct codes of all parts, sorted, and for each part the position there of each of its codes.

    parts: arrays of codes; in each, codes are distinct.
    """
    places, codes = pd.factorize(np.concatenate(parts))  # sorting them all would need several times the memory
    order = np.argsort(codes)
    ranks = np.empty(len(codes), dtype=np.int32)
    ranks[order] = np.arange(len(codes), dtype=np.int32)
    return codes[order], np.split(ranks[places], np.cumsum([len(part) for part in parts])[:-1])


def moved(matrix, columns, width):
    """Return a CSR matrix as float64, with its columns at other positions: `columns`, of which -1 drops one."""
    indices = columns[matrix.indices]
    kept = indices >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    entries = (matrix.data[kept].astype(np.float64), indices[kept].astype(np.int32), starts)
    return sp.csr_matrix(entries, shape=(matrix.shape[0], width))
