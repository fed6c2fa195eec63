/**
 * The consensus model of the paper (arXiv 2512.05462), as it is printed there.
 *
 * @module
 */

/** As the paper prints it. */
export const PAPER = `"CONSENSUSMODEL":
  CHILDMODELS:
    CHILDMODEL1:
      BACKEND: ChildModel1_Backend
      NAME: "ChildModel1"
    CHILDMODEL2:
      BACKEND: ChildModel2_Backend
      NAME: "ChildModel2"
  FORMULA: >
    ChildModel1 <= 0 ?
    ChildModel1+ChildModel2 :
    ChildModel1*ChildModel2
`;
