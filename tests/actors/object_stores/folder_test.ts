import { FolderObjectStore } from "../../../actors/object_stores/folder.ts";
import { testObjectStore } from "../../contracts/object_store_contract.ts";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
testObjectStore("folder", () => Promise.resolve(new FolderObjectStore(folder)));
